"""Init data by the package init-data-py; the bot's token comes by standard input.

    sign.py sign USER SECONDS      prints init data of the user, which is JSON
    sign.py validate INIT_DATA     exits 1 unless the package accepts it
"""

import sys

import init_data_py


def main(verb, *words):
    token = sys.stdin.read()
    if verb == "sign":
        user, seconds = words
        pairs = {"query_id": "AAF", "user": user, "chat_instance": "-12", "signature": "x-y_z"}
        print(init_data_py.sign(pairs, token, auth_date=int(seconds)))
    else:
        init_data_py.validate_by_hash(words[0], token)


if __name__ == "__main__":
    main(*sys.argv[1:])
