"""Facts → ordered rules → verdict. Pure: the same record gives the same verdict on any machine, at any time.

Duty: say what a measurement means, and by which rule. Read in this order: `view` (finding things in a measurement),
`*_facts` (one small enum per layer), `rules` (the table, first match wins), `judge` (legs, interference, attribution,
the sentence).
Must not be in here: sockets, clocks, files, HTTP, randomness. `measure` calls the same fact functions to decide which
counterfactual is still missing, so that what is tested and what is concluded cannot drift apart.
"""
