"""Real records of the built-in laboratory, and the verdicts that they must get again, byte for byte.

`NAME/record.json` is one archived line, `NAME/verdict.json` its verdict for people who read a change. After a wanted
change of the rules: `python -m tests.goldens.regenerate`, then read the difference, verdict by verdict.
"""
