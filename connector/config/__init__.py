"""TOML to frozen Settings; every fault as file:line:column: message. Only this room reads the environment."""

from .embedded import embedded, embedded_api_key, make_database_folder
from .exposure import warnings_about
from .grammar import Rate as RateSetting
from .loading import environment, find, load
from .settings import AccountSettings, ExchangeRates, Settings, SourceSettings
from .settings import Caps as CapSettings
from .starting import starting_config

__all__ = [
    "AccountSettings",
    "CapSettings",
    "ExchangeRates",
    "RateSetting",
    "Settings",
    "SourceSettings",
    "embedded",
    "embedded_api_key",
    "environment",
    "find",
    "load",
    "make_database_folder",
    "starting_config",
    "warnings_about",
]
