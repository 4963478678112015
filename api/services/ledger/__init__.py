"""The books: what is posted, and a day's closing (contract §10)."""
