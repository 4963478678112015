"""Old events and notifications are moved out of the tables, into files (docs/operations.md)."""
