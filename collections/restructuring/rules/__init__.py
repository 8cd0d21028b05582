"""The arithmetic of plans: schedules, their cost and worth, and what the rules say against them. Pure: no clock, no rows."""
