"""The gift card connector: signed webhooks in, gift cards on a ledger, signed webhooks out."""

__version__ = "0.1.0"
