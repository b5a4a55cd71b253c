"""``python -m fovea``: the command."""

from fovea.cli import main

if __name__ == "__main__":
    main(prog_name="fovea")
