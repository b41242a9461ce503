"""Properties that must hold whatever happens, one per file."""
