"""The nouns everybody shares: addresses, identities, settings, reports, notices. Values only."""
