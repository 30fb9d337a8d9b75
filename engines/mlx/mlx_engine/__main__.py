"""Entry point. What must happen before anything heavy is imported happens first; hence imports inside functions."""

import os
import sys


def main() -> int:
    if sys.argv[1:2] == ["--probe"]:
        from .service.probe import run

        return run()
    from .process import begin

    identity = begin()
    from .service.server import serve

    code = serve(identity)
    # Neither MLX's threads nor gRPC's are torn down: everything that had to be kept has been, and their ends can crash.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
