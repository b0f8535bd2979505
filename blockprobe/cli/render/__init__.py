"""What people see: tables, one record in detail, the progress bar, the configuration as text.

Duty: words and layout. What comes from the network is printed as text and never obeyed (no markup, no control
characters). Must not be in here: measuring, judging, exit statuses.
"""
