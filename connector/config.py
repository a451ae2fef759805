"""TOML to frozen Settings; every fault as file:line: message."""
