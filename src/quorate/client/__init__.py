"""How applications and our own commands ask sentinels, over redis-py."""
