allow(user: User, "read", repo: Repo) user = repo.owner;
allow(user: User, "write", repo: Repo)
  user = repo.owner;
allow(user: User, "list", repo: Repo) not user in repo.banned;
allow(user: User, "delete", note: Repo) note.owner = user;
allow(user: User, "move", note: Repo) note = user.note;
allow(user: User, "copy", note: Repo) noted(user, note);
