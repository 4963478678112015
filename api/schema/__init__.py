"""OpenAPI: what every endpoint takes and answers, for /api/schema/ and /api/docs/.

To describe a new endpoint, call `describe` in the module here that has the subject of its view, or
in a new one, which api/schema/views.py then imports:

    describe(
        QuoteView,
        get=Operation(
            "What the settlement costs",
            data=QuoteShown,                    # a serializer, a text that it always is, or None
            example={"total": "461.00"},        # of `data`, as the demo's account sees it
            refusals=[SettlementNotFound],      # their codes and messages are on the classes
        ),
    )

What every endpoint can answer (429, 503, 401 where a token is asked for, 400, 413 and 415 where
there is a body) comes by itself. A test holds that nothing is left out.
"""
