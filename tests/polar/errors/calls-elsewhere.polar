allow(user: User, "read", repo: Repo) if forall user in repo.users, user.is_admin;
allow(user: User, "write", repo: Repo) if forall(member in repo.users and member = user);
allow(user: User, "list", _: Repo) if user.is_admin and cut();
allow(user: User, "fork", _: Repo) if print user.name;
allow(user: User, "push", repo: Repo) if repo.has(lambda name: user.name = name);
allow(user: User, "pull", repo: Repo) if user = repo.owners[0];
allow(user: User, "star", repo: Repo) if repo.find(user = 1) = user;
allow(user: User, "drop", _: Repo) if user = User("ann");
