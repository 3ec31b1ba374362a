resource Repo { relations = { parent: Org, owner: User, parent: User }; }
