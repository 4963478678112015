"""Payment providers, a package each: the only modules that may import a provider's SDK. There is
none yet: money that comes another way is noted at the desk."""
