"""Whatever leaves the machine; the only room that opens connections."""
