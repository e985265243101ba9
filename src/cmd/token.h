/*
 * The secret by which a server knows a user of the chat again, and lets only
 * them have their nick.  There is one for each nick of a user, kept in
 * $XDG_STATE_HOME/chatd, by default ~/.local/state/chatd.
 */
#ifndef CHATD_CMD_TOKEN_H
#define CHATD_CMD_TOKEN_H

#include "chat/wire.h"

/*
 * The token for that server; it gives away nothing of the tokens for others.
 * While the program runs, the secret behind it is its alone: another one with
 * the same nick, like one that has nowhere to keep a secret, gets zeros, which
 * are nobody's token.
 */
void token_make(
    const char *nick, const char *server, unsigned char token[WIRE_TOKEN]);

#endif
