"""Mails per second into durable tickets, beside the limits of the machine in the same run.

    python -m bench.ingest [--mails 2000] [--rounds 3] [--sizes 1000,10000,100000]

The processes that read an archive import this file once more, as they import `cli.py` when `ttydesk mail
import` starts them. So it is as short as that one, and what is measured stands in `bench.taking_in`.
"""

if __name__ == "__main__":
    from bench.taking_in import main

    main()
