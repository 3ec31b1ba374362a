allow(user: User, "read", repo: Repo) if user = repo.owner & repo.is_public;
allow(user: User, "write", repo: Repo) if user = repo.owner | repo.is_public;
allow(user: User, "list", repo: Repo) if !(user = repo.owner);
allow(user: User, "fork", _: Repo) if user.age => 18;
allow(user: User, "drop", _: Repo) if user.age % 2 = 0;
allow($user: User, "push", _: Repo);
