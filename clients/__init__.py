"""Those who send reactions and those who watch frames."""
