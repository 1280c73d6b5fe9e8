#pragma once

/// What step_helper does about owners; argv as of main. Give the exit code.
///   own <call> <path> <uid> <gid>   changes the owner by the named call: "ok" or the error's name
///   show <call> <path>              what the named call tells: "<uid>:<gid> <octal mode>", for a
///                                   device followed by " <major>:<minor>"; or the error's name
///   make <call> <path>              makes something by the named call: "ok" or the error's name
///   flip <link> <a> <b> <path>      lets a link lead to a and b in turn while it changes the owner
///                                   of `path` to 7:8, many times; "ok"
///   swap <a> <b> <path>             the same, with two names that are exchanged
///   paths <fault>                   chown with a path that ends at the end of a page ("edge"),
///                                   goes on where nothing is ("hole") or has no end ("long")
///   threads <uid>                   becomes another user while further threads run: "<ids that
///   they
///                                   see> <owner of what one makes>"
///   become <uid> <gid>              the user first and then, with capabilities kept, the groups,
///   as
///                                   setpriv(1) does: "<uid> <gid> <groups>"
///   limit                           sets RLIMIT_RTTIME in each way, as pam_limits(8) does: "<uid>
///                                   <the old limits>"
///   exchange <a> <b>                renameat2(2) with RENAME_EXCHANGE: "ok" or the error's name
///   die <n>                         n processes, each killed while it waits in chown: "ok"
int own(char** argv);
int show(char** argv);
int make(char** argv);
int flip(char** argv);
int swap(char** argv);
int paths(char** argv);
int threads(char** argv);
int become(char** argv);
int limit(char** argv);
int exchange(char** argv);
int die(char** argv);
