"""Reconciliation: the gateways' bills, fetched, held against payments and refunds, and settled by
hand where they differ (contract §10)."""
