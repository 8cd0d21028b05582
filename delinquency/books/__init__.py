"""Books to try things on: real accounts from a file, made ones that follow their figures, and large ones for measuring.

All of them enter by `accounts.services.loading`, or are proved equal to what it makes.
"""
