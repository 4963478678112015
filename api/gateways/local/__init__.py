"""The gateway that runs here, on a developer's machine without a merchant: the providers' own
protocols with real signatures, a cashier to pay at, and a panel to do what gateways do wrong.

It shares the service's process and nothing else: the shop reaches it by HTTP, it keeps its trades
in a file of its own, and it knows no order.
"""
