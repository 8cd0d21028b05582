"""What is decided about a case without asking anything: pure functions of the facts."""
