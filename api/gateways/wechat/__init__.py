"""微信支付 v3: Native, H5 and JSAPI, with WeChat's public key (微信支付公钥).

Requests go through `wechatpayv3`. Notifications do not go through its ready-made callback, which
takes timestamps that are days old, raises where a header is missing, and asks WeChat for
certificates of any serial number that somebody makes up: its primitives for verifying and
decrypting are used instead.
"""
