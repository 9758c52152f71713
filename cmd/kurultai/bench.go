package main

func benchCommand() command { return command{} }
