"""HTTP in; HTML and JSON out; a handler parses, asks the gateway, answers."""
