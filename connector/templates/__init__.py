"""What people are written: texts and pages of letters, read from files, checked before anything is sent."""
