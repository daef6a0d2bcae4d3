"""Pages for staff and auditors: server-rendered, no JavaScript, readable on a phone."""
