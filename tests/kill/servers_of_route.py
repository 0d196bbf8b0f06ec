"""Prints the servers that `kill.py --route ROUTE` needs, by a Python without their clients."""

import argparse

from routes import servers_of

parser = argparse.ArgumentParser(add_help=False)
parser.add_argument("--route", default="")
for server in servers_of(parser.parse_known_args()[0].route):
    print(server)
