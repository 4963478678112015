"""支付宝: RSA2 with public keys; a computer's page and a phone's.

It is a few lines on `cryptography` and not an SDK (docs/adr/0006): what is signed is a sorted text,
and the difficult part is what must be refused.
"""
