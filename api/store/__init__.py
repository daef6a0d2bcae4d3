"""Tables, repositories (the only place of queries), the ledger, the outbox and the migrations."""
