"""What tests share: builders, a real receiver, a clock that stands still."""
