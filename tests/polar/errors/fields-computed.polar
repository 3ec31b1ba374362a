allow(user: User, "read", repo: Repo) if repo.roles.(user.name) = "owner";
allow(user: User, "list", repo: Repo) if repo.roles.("a" + user.name) = 1;
allow(user: User, "edit", repo: Repo) if repo.roles[user.name] = "owner";
allow(user: User, "push", repo: Repo) if repo.headers["X-Key"] = user.key;
allow(user: User, "pull", repo: Repo) if role is repo.roles.get(user.name) and role = 1;
