"""What still opens a blocked site: one file a technique, a literal table, and the battery that tries them.

Duty: say which ways there are for a target here, walk them, and note every operation. Read `techniques` (the table),
`walk` (how any site is visited by any road) and `battery` (the order of the work).
Must not be in here: sockets (they are `net`) and conclusions (`verdict.bypass` and `verdict.site_proof`).
"""
