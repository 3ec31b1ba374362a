allow(user: User, "read", repo: Repo) if user = repo.owner && repo.is_public;
allow(user: User, "write", repo: Repo) if user = repo.owner || repo.is_public;
allow(user: User, "list", repo: Repo) if !user.is_banned and repo.is_public;
allow(user: User, "fork", repo: Repo) if user = repo.owner, repo.is_public;
allow(user: User, "drop", repo: Repo) if user <> repo.owner;
allow(user: User, "push", repo: Repo) if user !== repo.owner;
allow(user: User, "pull", repo: Repo) if user === repo.owner;
allow(user: User, "star", repo: Repo) if user.age =< repo.age;
