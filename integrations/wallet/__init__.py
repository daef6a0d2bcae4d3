"""The embedded wallet: a whole provider that speaks the ClassWallet contract over real HTTP."""
