# Who may read what.
allow(_: User, "read", _: Repo) if;
allow(_: User, "write", repo: Repo) if repo.open;
