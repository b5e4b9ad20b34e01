/**
 * A module `certifi` for Python that names the bundle beside it. It stands in front of the real one, which has no variable
 * for this; `certifi.core` is where older programs import from.
 *
 * @param bundle The name of the bundle, in the directory of the module.
 */
export function certifiModule(bundle: string): string {
  return `"""Written by paude: the authorities that this session trusts, for programs that ask certifi for them."""
import os
import sys

__all__ = ["contents", "where"]
__version__ = "2099.12.31"
__path__ = []

_BUNDLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), ${JSON.stringify(bundle)})


def where():
    return _BUNDLE


def contents():
    with open(_BUNDLE, encoding="ascii") as bundle:
        return bundle.read()


sys.modules[__name__ + ".core"] = sys.modules[__name__]

if __name__ == "__main__":
    print(contents() if "-c" in sys.argv or "--contents" in sys.argv else where())
`;
}
