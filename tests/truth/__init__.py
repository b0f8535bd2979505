"""What was so, what the agent stored of it and what it showed meanwhile, side by side; for both laboratories.

Nothing here asks `blockprobe.verdict`: every expected figure comes from the recorded truth and the archived looks.
"""
