"""What runs in the background (contract §9): each task is thin, and calls one service."""
