allow(user: User, "read", repo: Repo) if user repo.owner;
allow(user: User, "write", repo: Repo) if repo. = user;
user.can("read", _: Repo);
ready;
allow(user: User, "move", note: Repo) if note.owner = user note.is_public;
