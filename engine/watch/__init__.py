"""The reading `watch`: which holds, cases, alerts and states are in force."""
