"""Payment providers, a package each: the only modules that know one. `base.py` is what all have in
common, `channels.py` gives the one of a channel, `local/` is the gateway of a developer's machine.

They know no order and no table: what they are told are amounts and numbers."""
