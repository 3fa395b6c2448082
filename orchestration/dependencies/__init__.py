"""What the pipeline stands on: the locked packages, their licences, what is known against them.

`python -m orchestration.dependencies.licences` writes the page of licences,
`python -m orchestration.dependencies.audit` looks the lock up in a file of advisories.
"""
