"""Money that goes back (contract §10): asked for, decided at the desk, sent, and finished."""
