"""What happens in the shop, and telling it to subscribed addresses (contract §10)."""
