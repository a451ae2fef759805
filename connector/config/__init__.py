"""TOML to frozen Settings; every fault as file:line:column: message. Only this room reads the environment."""

from .embedded import (
    embedded,
    embedded_api_key,
    has_begun,
    make_database_folder,
    recipes_of_embedded,
    ring_file,
)
from .exposure import warnings_about
from .grammar import Rate as RateSetting
from .loading import environment, faulty_at, find, folders, load
from .settings import AccountSettings, ExchangeRates, Settings, SourceSettings
from .settings import Caps as CapSettings
from .settings import Email as EmailSettings
from .settings import Sms as SmsSettings
from .starting import starting_config
from .urls import MEMORY

__all__ = [
    "MEMORY",
    "AccountSettings",
    "CapSettings",
    "EmailSettings",
    "ExchangeRates",
    "RateSetting",
    "Settings",
    "SmsSettings",
    "SourceSettings",
    "embedded",
    "embedded_api_key",
    "environment",
    "faulty_at",
    "find",
    "folders",
    "has_begun",
    "load",
    "make_database_folder",
    "recipes_of_embedded",
    "ring_file",
    "starting_config",
    "warnings_about",
]
