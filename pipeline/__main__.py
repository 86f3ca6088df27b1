"""`python -m pipeline`."""

from pipeline import interrupt

if __name__ == "__main__":
    interrupt.watch()  # before the commands are loaded, which takes longer than a finger that slipped

    from pipeline.cli import main

    main()
