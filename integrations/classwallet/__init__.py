"""ClassWallet, the wallet provider: its HTTP contract and a client that speaks it."""
