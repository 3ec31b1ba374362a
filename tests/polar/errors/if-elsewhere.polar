allow(user: User, "read", repo: Repo) :- user = repo.owner;
allow(user: User, "write", repo: Repo) -> user = repo.owner;
allow(user: User, "list", repo: Repo) => user = repo.owner;
allow(user: User, "fork", repo: Repo) <- user = repo.owner;
allow(user: User, "push", repo: Repo): user = repo.owner;
allow(user: User, "pull", repo: Repo) when user = repo.owner;
allow(user: User, "star", repo: Repo) unless user = repo.owner;
allow(user: User, "drop", repo: Repo), user = repo.owner;
