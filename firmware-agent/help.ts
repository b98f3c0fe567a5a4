/** What `fencepost-agent --help` says. It is a part of its own: a board that guards needs none of it. */

export const HELP: string = `fencepost-agent: guards servers from a board with its own power.

Usage:
  fencepost-agent run   [FILE]          guard until TERM or INT; HUP takes a changed file
  fencepost-agent check [FILE] [--json] say what is wrong with FILE and its keys; changes nothing
          --hardware                    ask, too, whether the GPIO lines it names are there and free
  fencepost-agent replay TAPE [--json]  play the tape of a fence through the core once more
  fencepost-agent --help | --version

FILE is the configuration, /etc/fencepost/agent.toml where it is not given.
TAPE is what "fencepost why HOST" names. Exit codes: 0 done, 1 not done (replay: decided
differently; --hardware: something is not there), 2 wrong use or a wrong file.

Examples:
  fencepost-agent check agent.toml && fencepost-agent run agent.toml
  kill -HUP "$(pidof -s fencepost-agent)"   # after FILE was changed, with a larger version,
                                            # or after the keys file was
`;
